"""Every Scrapy setting we set, and why. Scrapy's defaults are for a developer at a desk; these are for strangers.

Whatever is not named here keeps Scrapy's default. The rule: nothing that listens, runs code, pickles, keeps
cookies or leaves http; everything bounded.
"""

from __future__ import annotations

from typing import Any

from crawler.job import CrawlJob
from searchkit import limits


def settings_for(job: CrawlJob) -> dict[str, Any]:
    """Scrapy settings for one crawl."""
    return {
        # asyncio alone: no Twisted reactor, which can be started only once in the life of a process.
        "TWISTED_REACTOR_ENABLED": False,
        # The queue, the set of seen addresses and pages are one store (no JOBDIR, which is neither crash-safe
        # nor free of pickles).
        "SCHEDULER": "crawler.scheduler.FrontierScheduler",
        "JOBDIR": None,
        "ITEM_PIPELINES": {"crawler.pipelines.StorePipeline": 0},
        # Nothing listens and nothing runs code that comes from outside.
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "EXTENSIONS": {
            "scrapy.extensions.telnet.TelnetConsole": None,
            "scrapy.extensions.remote_control.RemoteControl": None,
            "scrapy.extensions.spiderstate.SpiderState": None,
            "scrapy.extensions.feedexport.FeedExporter": None,
            "scrapy.extensions.memusage.MemoryUsage": None,
            "scrapy.extensions.logstats.LogStats": None,
        },
        # http and https only, through our own guarded handler.
        "DOWNLOAD_HANDLERS": {
            "http": "crawler.download.GuardedDownloadHandler",
            "https": "crawler.download.GuardedDownloadHandler",
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "DOWNLOAD_MAXSIZE": limits.PAGE_BYTES_MAX,  # Also after unpacking: a bomb stops here.
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": job.timeout_s,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOADER_MIDDLEWARES": {
            "crawler.robots.RobotsMiddleware": 100,  # In the place of Scrapy's, which trusts silence.
            "crawler.middlewares.ConditionalMiddleware": 450,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # Scope is decided before the queue.
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,  # Retries are durable steps, with Retry-After.
            "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,  # Would parse a page in the loop.
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,  # Each hop is an address of its own.
            "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
            "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,  # A proxy would resolve names for us.
            "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
        },
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # Every status has a meaning here.
            "scrapy.spidermiddlewares.referer.RefererMiddleware": None,  # Where we came from is nobody's business.
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,  # `limits.ID_BYTES_MAX`, before the queue.
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # Depth is in the queue.
        },
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "RETRY_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        # Polite: one request at a time to a host, a gap between two, and slower if the host is slow.
        "USER_AGENT": job.user_agent,
        "DEFAULT_REQUEST_HEADERS": {"Accept": "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.1"},
        "CONCURRENT_REQUESTS": job.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": job.delay_s,
        "DOWNLOAD_DELAY_JITTER": 0.0,  # The gap is a promise, not a mean.
        "AUTOTHROTTLE_ENABLED": job.delay_s > 0,
        "AUTOTHROTTLE_START_DELAY": job.delay_s,
        "AUTOTHROTTLE_MAX_DELAY": 60.0,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        # Memory: bodies waiting to be read, in bytes.
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 4 * limits.PAGE_BYTES_MAX,
        "LOG_ENABLED": False,  # Faults are collected by `run.py`; everything else is an event.
        "STATS_DUMP": False,
    }
