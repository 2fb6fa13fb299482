"""What a cluster says of its own API: the fields of its kinds, and who may do what with them."""
