"""A basket and what it costs."""


def total(prices, voucher=None):
    cost = sum(prices)
    if voucher == "half":
        cost = cost / 2
    elif voucher:
        cost = cost - 1
    return cost


def weigh(items):
    heavy = 0
    for item in items:
        if item > 10 and item < 100:
            heavy += 1
    return heavy
