// Package basket has functions whose ways can be counted by hand.
package basket

import "fmt"

type Basket struct{ items []int }

func straight(a int) int {
	return a + 1
}

func branches(a bool, b int) int {
	if a && b > 1 {
		return 1
	} else if a || b < 0 {
		return 2
	}
	for i := 0; i < 3; i++ {
		b++
	}
	return b
}

/* if this { were code } */
func (s *Basket) choose(kind int) string {
	switch kind {
	case 1:
		return "a"
	case 2:
		return "b"
	default:
		return fmt.Sprint(kind)
	}
}
