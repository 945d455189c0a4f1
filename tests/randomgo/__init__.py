"""The generator behind tests/random_programs.py: random Go programs that end and print the same each time they run.

`types` holds the types of a program as text, `expressions` and `statements` the language's core on any scope of variables;
each other module adds the declarations and statements of one part of the language; `program` puts them together.
"""
