"""Every view of a report: each takes `Report.to_dict()` and nothing else, and makes text, HTML or the page's data."""
