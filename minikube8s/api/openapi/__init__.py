"""The API's published description: OpenAPI v3 (an index, one document a group version) and v2.

kubectl decides by them whether the server validates fields, how lists merge in `apply`, and what
`explain` prints. Documents are built from the resource table and the published definitions, by a
process of their own (`__main__`); a server keeps their compressed bytes. This module imports
nothing, so that `openapi.media` costs nothing.
"""
