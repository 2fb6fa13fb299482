"""The objects that `create KIND NAME`, `expose` and `autoscale` make of flags. Pure.

They have the fields that kubectl's have, those that are empty included: both print the same.
"""
