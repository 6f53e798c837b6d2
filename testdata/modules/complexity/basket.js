// Functions whose ways can be counted by hand.
/* if (this) were && code */
const text = "if (a && b)";

function straight(a) {
  return a + 1;
}

function branches(a, b) {
  if (a && b) {
    return 1;
  } else if (a || b) {
    return 2;
  }
  for (let i = 0; i < 3; i++) {
    while (b) {
      b--;
    }
  }
  return a ? 3 : 4;
}

function choose(kind) {
  switch (kind) {
    case "a":
      return 1;
    case "b":
      return 2;
    default:
      return 3;
  }
}

class Basket {
  total(items) {
    try {
      return items.length;
    } catch (error) {
      return 0;
    }
  }
}
