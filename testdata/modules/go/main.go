package main

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func main() { fmt.Println(uuid.New(), cobra.Command{}.Use) }
