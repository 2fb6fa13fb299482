"""What objects are: names, schema, defaults, validation, selectors, tables, errors. Pure."""
