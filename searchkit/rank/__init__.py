"""Given frequencies and lengths, what score? Arrays in, arrays out; knows no files, terms or segments."""
