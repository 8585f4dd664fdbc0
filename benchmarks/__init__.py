"""What is measured, how, and against which targets; `make bench` runs it. No test asserts a figure."""
