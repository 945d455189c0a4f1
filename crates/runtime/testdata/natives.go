// Prints the cases of natives.txt, with the answers of Go's own library: go run natives.go > natives.txt
package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	rng := rand.New(rand.NewSource(1))
	special := []float64{0, math.Copysign(0, -1), 0.5, 1.5, 2.5, 0.25, 1e6, 1e20, 1e21, 123456789, 5e-324, 2.2e-308,
		math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(), 0.0001, 0.00001, 999999.5, 1, -1, 0.7071067811865476, 1e15,
		709.8, -745.2, 170.5, -170.5, 33.5, 1 << 53, math.Pi, 1e9, 1e300}
	number := func() float64 {
		switch rng.Intn(5) {
		case 0:
			return math.Float64frombits(rng.Uint64())
		case 1:
			return rng.NormFloat64()
		case 2:
			return float64(rng.Intn(200000)-100000) / 100
		case 3:
			return rng.NormFloat64() * 1e10
		}
		return special[rng.Intn(len(special))]
	}

	for i := 0; i < 600; i++ {
		f, size := number(), 64
		if rng.Intn(3) == 0 {
			f, size = float64(float32(f)), 32
		}
		form := "beEfgGxX"[rng.Intn(8)]
		prec := rng.Intn(22) - 4
		if prec < -1 {
			prec = -1
		}
		text := strconv.FormatFloat(f, form, prec, size)
		fmt.Fprintf(out, "format %016x %c %d %d %s\n", math.Float64bits(f), form, prec, size, text)
		if len(text) < 60 {
			parse(out, text, size)
		}
	}
	for _, s := range []string{"1_000.5", "0x1_0p2", "_1", "1__0", "0x_1p0", "+Inf", "infinity", "nan", "+nan", "1e", "0x1", "1e400",
		"1e-400", ".5", "5.", ".", "0x.8p1", "infi", "1e5x", "1p3", "0x1.fffffffffffffp1023", "0x1.fffffffffffff8p1023",
		"0x1p-1074", "0x1p-1075", "0x1.8p-1075", "1e23", "8.5e-46", "3.4028236e38"} {
		parse(out, s, 64)
		parse(out, s, 32)
	}

	alphabet := []string{"a", "Z", "\x00", "\n", "\x7f", "\"", "'", "\\", "é", "世", "\U0001F600", "\ufeff", "\u00a0", "\u2028", "\xff", "\xe4", " "}
	for i := 0; i < 120; i++ {
		s := ""
		for j := rng.Intn(6); j >= 0; j-- {
			s += alphabet[rng.Intn(len(alphabet))]
		}
		fmt.Fprintf(out, "quote %x %x %x %x\n", s, strconv.Quote(s), strconv.QuoteToASCII(s), strconv.QuoteToGraphic(s))
	}

	type unary struct {
		name string
		f    func(float64) float64
	}
	type binary struct {
		name string
		f    func(x, y float64) float64
	}
	for _, fn := range []unary{{"Acos", math.Acos}, {"Acosh", math.Acosh}, {"Asin", math.Asin}, {"Asinh", math.Asinh},
		{"Atan", math.Atan}, {"Atanh", math.Atanh}, {"Cbrt", math.Cbrt}, {"Cos", math.Cos}, {"Cosh", math.Cosh},
		{"Exp", math.Exp}, {"Exp2", math.Exp2}, {"Expm1", math.Expm1}, {"Log", math.Log}, {"Log10", math.Log10},
		{"Log1p", math.Log1p}, {"Log2", math.Log2}, {"Logb", math.Logb}, {"Sin", math.Sin}, {"Sinh", math.Sinh},
		{"Tan", math.Tan}, {"Tanh", math.Tanh}, {"Erf", math.Erf}, {"Erfc", math.Erfc}, {"Erfinv", math.Erfinv},
		{"Gamma", math.Gamma}, {"Floor", math.Floor}, {"Ceil", math.Ceil}, {"Trunc", math.Trunc}, {"RoundToEven", math.RoundToEven}} {
		for i := 0; i < 24; i++ {
			x := number()
			fmt.Fprintf(out, "math %s %016x 0 %016x\n", fn.name, math.Float64bits(x), math.Float64bits(fn.f(x)))
		}
	}
	for _, fn := range []binary{{"Atan2", math.Atan2}, {"Hypot", math.Hypot}, {"Mod", math.Mod}, {"Pow", math.Pow},
		{"Remainder", math.Remainder}, {"Nextafter", math.Nextafter}} {
		for i := 0; i < 40; i++ {
			x, y := number(), number()
			fmt.Fprintf(out, "math %s %016x %016x %016x\n", fn.name, math.Float64bits(x), math.Float64bits(y), math.Float64bits(fn.f(x, y)))
		}
	}
}

func parse(out *bufio.Writer, s string, size int) {
	f, err := strconv.ParseFloat(s, size)
	state := 0
	if e, ok := err.(*strconv.NumError); ok {
		state = 1
		if e.Err == strconv.ErrRange {
			state = 2
		}
	}
	fmt.Fprintf(out, "parse %s %d %016x %d\n", s, size, math.Float64bits(f), state)
}
