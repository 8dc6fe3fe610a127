"""One folder an ecosystem, one module a lock format; each has `read(source) -> records.Lock`."""
