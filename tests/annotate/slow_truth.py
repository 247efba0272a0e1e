"""Dawid and Skene's two steps written cell by cell, as slow and literal as the paper's formulas."""

import numpy as np


def slow(table, rounds, smoothing, kind="own", known=None):
    """Return probabilities, {(worker, truth, said): chance} and priors after so many rounds."""
    fixed = table.known(known)
    votes = table.counts()
    p = settle([[n / sum(row) for n in row] for row in votes.tolist()], fixed)
    for _ in range(rounds):
        p = settle(expected(table, *maximised(table, p, fixed, (smoothing, kind))), fixed)
    found, prior = maximised(table, p, fixed, (smoothing, kind))
    return np.array(p), found, prior


def settle(p, fixed):
    labels = range(len(p[0]))
    return [
        row if truth < 0 else [float(label == truth) for label in labels]
        for row, truth in zip(p, fixed, strict=True)
    ]


def expected(table, found, prior):
    """E-step: prior times the chance of every answer."""
    p = [list(prior) for _ in table.tasks]
    for task, worker, said in zip(table.task, table.worker, table.label, strict=True):
        p[task] = [old * found[worker, truth, said] for truth, old in enumerate(p[task])]
    return [[x / sum(row) for x in row] for row in p]


def maximised(table, p, fixed, how):
    """M-step: each worker's matrix, and how common each label is among tasks not known."""
    smoothing, kind = how
    labels = range(len(table.labels))
    counting = [row for row, truth in zip(p, fixed, strict=True) if truth < 0]
    prior = [sum(row[k] for row in counting) + smoothing for k in labels]
    said = {(w, k, m): 0.0 for w in range(len(table.workers)) for k in labels for m in labels}
    for task, worker, m in zip(table.task, table.worker, table.label, strict=True):
        for k in labels:
            said[worker, k, m] += p[task][k]
    step = one_coin if kind == "coin" else matrices
    return step(table, said, smoothing, kind == "pooled"), [x / sum(prior) for x in prior]


def matrices(table, said, smoothing, pooled):
    """Each row: what he said, and some answers as the whole crowd gives them."""
    labels, workers = range(len(table.labels)), range(len(table.workers))
    crowd = {(k, m): sum(said[w, k, m] for w in workers) for k in labels for m in labels}
    even = smoothing / len(labels)
    found = {}
    for w in workers:
        for k in labels:
            whole = sum(crowd[k, m] + even for m in labels)
            own = [crowd[k, m] if pooled else said[w, k, m] for m in labels]
            row = [own[m] + smoothing * (crowd[k, m] + even) / whole for m in labels]
            found |= {(w, k, m): row[m] / sum(row) for m in labels}
    return found


def one_coin(table, said, smoothing, _):
    """One accuracy for each worker, and some answers as right as the crowd's."""
    labels, workers = range(len(table.labels)), range(len(table.workers))
    right = [sum(said[w, k, k] for k in labels) for w in workers]
    total = [sum(said[w, k, m] for k in labels for m in labels) for w in workers]
    crowd = (sum(right) + smoothing / len(labels)) / (sum(total) + smoothing)
    found = {}
    for w in workers:
        a = (right[w] + smoothing * crowd) / (total[w] + smoothing)
        for k in labels:
            for m in labels:
                found[w, k, m] = a if k == m else (1 - a) / (len(labels) - 1)
    return found
