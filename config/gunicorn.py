"""How gunicorn serves the pages; every value may be given by the environment."""

import os

bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "config.patience.Worker"
# Every byte goes through `patience`, which ends the answer that nobody takes.
sendfile = False
# Uploads of weights are streamed to disk and may take a while on a slow line.
timeout = 120
graceful_timeout = 30
# A process is renewed now and then, not all at once.
max_requests = 5000
max_requests_jitter = 500
accesslog = "-" if os.environ.get("ACCESS_LOG") else None
# Without the query and the referrer: the link of a campaign carries its secret there.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms'
# Who may say that a request came by HTTPS: the proxy in front of this container.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
