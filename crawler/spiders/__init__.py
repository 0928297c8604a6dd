"""What Scrapy runs: spiders that turn answers into steps on the page store."""
