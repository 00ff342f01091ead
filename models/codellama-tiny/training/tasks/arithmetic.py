"""Calculations."""

from .task import Task

gcd = Task(
    wordings=(
        "computes the greatest common divisor of two numbers",
        "returns the gcd of two numbers",
        "calculates the greatest common divisor",
    ),
    explanation="It uses Euclid's algorithm.",
    python='''
def gcd(a: int, b: int) -> int:
    """Return the greatest common divisor of a and b."""
    while b:
        a, b = b, a % b
    return a
''',
    javascript='''
function gcd(a, b) {
  while (b !== 0) {
    [a, b] = [b, a % b];
  }
  return a;
}
''',
)

lcm = Task(
    wordings=(
        "computes the least common multiple of two numbers",
        "returns the lcm of two numbers",
    ),
    explanation="It divides the product by the greatest common divisor.",
    python='''
def lcm(a: int, b: int) -> int:
    """Return the least common multiple of a and b."""
    x, y = a, b
    while y:
        x, y = y, x % y
    return a * b // x
''',
    javascript='''
function lcm(a, b) {
  let x = a;
  let y = b;
  while (y !== 0) {
    [x, y] = [y, x % y];
  }
  return (a * b) / x;
}
''',
)

add = Task(
    wordings=(
        "adds two numbers",
        "returns the sum of two numbers",
        "adds a and b",
    ),
    explanation="It returns the sum of both arguments.",
    python='''
def add(a, b):
    """Return the sum of a and b."""
    return a + b
''',
    javascript='''
function add(a, b) {
  return a + b;
}
''',
)

multiply = Task(
    wordings=(
        "multiplies two numbers",
        "returns the product of two numbers",
    ),
    explanation="It returns the product of both arguments.",
    python='''
def multiply(a, b):
    """Return the product of a and b."""
    return a * b
''',
    javascript='''
function multiply(a, b) {
  return a * b;
}
''',
)

subtract = Task(
    wordings=(
        "subtracts two numbers",
        "returns the difference of two numbers",
    ),
    explanation="It returns the difference of both arguments.",
    python='''
def subtract(a, b):
    """Return the difference of a and b."""
    return a - b
''',
    javascript='''
function subtract(a, b) {
  return a - b;
}
''',
)

divide = Task(
    wordings=(
        "divides two numbers",
    ),
    explanation="It raises an error for a division by zero.",
    python='''
def divide(a, b):
    """Return a divided by b."""
    if b == 0:
        raise ValueError("division by zero")
    return a / b
''',
    javascript='''
function divide(a, b) {
  if (b === 0) {
    throw new Error('division by zero');
  }
  return a / b;
}
''',
)

power = Task(
    wordings=(
        "computes the power of a number",
        "raises a number to a power",
    ),
    explanation="It multiplies the base exponent times.",
    python='''
def power(base: float, exponent: int) -> float:
    """Return base raised to the given exponent."""
    result = 1
    for _ in range(exponent):
        result *= base
    return result
''',
    javascript='''
function power(base, exponent) {
  let result = 1;
  for (let i = 0; i < exponent; i++) {
    result *= base;
  }
  return result;
}
''',
)

celsius_to_fahrenheit = Task(
    wordings=(
        "converts Celsius to Fahrenheit",
        "converts a temperature from celsius to fahrenheit",
    ),
    explanation="It multiplies by nine fifths and adds 32.",
    python='''
def celsius_to_fahrenheit(celsius: float) -> float:
    """Convert a temperature from Celsius to Fahrenheit."""
    return celsius * 9 / 5 + 32
''',
    javascript='''
function celsiusToFahrenheit(celsius) {
  return (celsius * 9) / 5 + 32;
}
''',
)
