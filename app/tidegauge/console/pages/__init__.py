"""The pages: from what is known and an address to the blocks that a browser draws."""
