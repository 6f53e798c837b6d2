// Functions whose ways can be counted by hand.
interface Item {
  price: number;
}

function straight(a: number): number {
  return a + 1;
}

function branches(a: boolean, b: number): number {
  if (a && b > 1) {
    return 1;
  } else if (a || b < 0) {
    return 2;
  }
  while (b > 0) {
    b -= 1;
  }
  return a ? 3 : 4;
}

function cheapest(items: Item[]): number {
  let least = 0;
  for (const item of items) {
    if (item.price < least) {
      least = item.price;
    }
  }
  return least;
}
