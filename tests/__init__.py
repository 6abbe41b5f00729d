"""The tests mirror the tree; each file is named for the module it holds to its word."""
