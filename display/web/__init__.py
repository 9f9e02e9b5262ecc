"""The board page: its files, and the local web server that shows them."""
