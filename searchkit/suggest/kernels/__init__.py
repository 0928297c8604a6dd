"""The compiled twins of what stands in plain NumPy beside this folder."""
