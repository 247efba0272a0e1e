"""Arithmetic of what is known: numpy and torch, no Django. In the order of the data:

archives      tables, files, pictures → one file with the hash of each part, and back
arrays        named arrays → one file, the same bytes at any time
bins          activations → numbers of fixed bins; quantiles of counts
correlations  numbers of things → Pearson, Spearman, Kendall, partial, with intervals
counting      mask of classes → pixels and pieces of each
evaluation    masks and scores, classes of pixels → Jaccard index, average precision
information   images of scenes that hold objects → bits, their bias, the best of each scene
intervals     share, number of observations → interval that the share lies in
loading       work for threads → its results, in order
logistic      presence of objects, scenes → weights of the few that are enough
marking       image, mask, boxes → picture of what was found
meanings      labels of many units → shares and agreement, with intervals
mixing        whole numbers, seed → whole numbers that look like chance
runlengths    mask → run lengths; the paths that a page draws
threads       batches of work → the same, shared out among cores
wordnet       word → meanings, and what each is a kind of
differences   two samples of units → how far they differ, and how easily by chance
excess        chosen, all → shares beside chance; the first of several lists
images        file → (3, height, width) float32 of the network's input
specs         words of the command line → architecture and weights, judged
geometry      windows of operations → field size, stride, offset of a location
listing       folder, scenes.csv → entries in order
manifest      entries → Parquet file; slices of it
matching      concept, classes of masks → the class that it means
kinship       two concepts → the same words, or how near they are in meaning
programs      exported program → network whose layers can be watched
sighting      network, one input → what each operation's output sees
weights       file → state dict, never unpickled
architectures spec, state dict → network ready to look
layers        network, one input → layers worth looking at: channels, grid, field
activations   network, (batch, 3, height, width) → (batch, units, rows, columns) of each layer
quantiles     (batch, units, rows, columns) → counts (units, bins)
topk          (batch, units, rows, columns), image numbers → k images a unit, with their places
layer_scan    (batch, units, rows, columns) → both ends and the distribution of one layer
preferences   (batch, units, rows, columns) → the images with the highest sum
occluders     image → what is laid on it at every place of a lattice
operations    windows of an operation's inputs → window of its output
wiring        network, one input → its operations in order, to run any part of them
narrowing     operations, channels that are looked at → operations without the other channels
cones         operations, places of an occluder → what must be computed: intervals along one axis
windows       operations, one image, occluders → the values looked at, from windows alone
occlusion     network, image, units at locations → change under every occluder
fields        size, stride, offset of a layer → mask that one location stamps
discrepancy   changes under an occluder → a unit's own field, its size
refinement    fields so far → what is looked at next, and when to stop
segments      (rows, columns) of one unit and image → (height, width) mask of the input
rendering     image, mask → pictures: two tiles and a large view
overlap       masks, classes of the pixels → IoU with the best class, means over units
class_scores  counts of pixels → scores (units, classes)
lattice       mask of classes → pixels of each class in each cell
partitions    view or mask → regions: a number for every pixel
poisson       image, regions → the image with each region removed, no edge added
readout       network's last features, scenes → linear head
dissection    maps, masks in cells → every score of every unit and class
localisation  maps of named units, output → scene, objects with masks and boxes
minimal       image, regions, score → the way to the minimal image

A module imports only from above it in this list; the import contract in pyproject.toml says so.
"""
