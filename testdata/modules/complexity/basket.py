"""Functions whose ways can be counted by hand."""
import os


def straight(a):
    """if this were code, it would count"""
    return a + 1


def branches(a, b):
    if a and b:
        return 1
    elif a or b:
        return 2
    for x in range(3):
        while x:
            x -= 1
    return 3 if a else 4


class Basket:
    def total(self, items):
        try:
            return sum(i for i in items if i > 0)
        except ValueError:
            return 0
        except KeyError:
            return 1

    def outer(self, n):
        def inner(m):
            if m:
                return 1
            return 0

        if n:
            return inner(n)
        return os.sep
