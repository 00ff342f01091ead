"""Sequences and properties of whole numbers."""

from .task import Task

fibonacci = Task(
    wordings=(
        "computes the n-th Fibonacci number",
        "returns the nth fibonacci number",
        "calculates fibonacci numbers",
        "computes the fibonacci sequence",
    ),
    explanation="It keeps the last two numbers and adds them in a loop.",
    python='''
def fibonacci(n: int) -> int:
    """Return the n-th Fibonacci number."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
''',
    javascript='''
function fibonacci(n) {
  let a = 0;
  let b = 1;
  for (let i = 0; i < n; i++) {
    [a, b] = [b, a + b];
  }
  return a;
}
''',
)

fib = Task(
    wordings=(
        "computes Fibonacci numbers recursively",
        "calculates the fibonacci number with recursion",
    ),
    explanation="It calls itself for the two numbers before n.",
    python='''
def fib(n):
    """Return the n-th Fibonacci number, computed recursively."""
    if n <= 1:
        return n
    return fib(n - 1) + fib(n - 2)
''',
    javascript='''
function fib(n) {
  if (n <= 1) {
    return n;
  }
  return fib(n - 1) + fib(n - 2);
}
''',
)

factorial = Task(
    wordings=(
        "computes the factorial of a number",
        "returns n factorial",
        "calculates the factorial of n",
    ),
    explanation="It multiplies all the numbers from 2 to n.",
    python='''
def factorial(n: int) -> int:
    """Return the factorial of n."""
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result
''',
    javascript='''
function factorial(n) {
  let result = 1;
  for (let i = 2; i <= n; i++) {
    result *= i;
  }
  return result;
}
''',
)

is_prime = Task(
    wordings=(
        "checks whether a number is prime",
        "tests if a number is prime",
        "returns true if n is a prime number",
        "checks if n is prime",
    ),
    explanation="It tries every divisor up to the square root of n.",
    python='''
def is_prime(n: int) -> bool:
    """Return True if n is a prime number."""
    if n < 2:
        return False
    for i in range(2, int(n ** 0.5) + 1):
        if n % i == 0:
            return False
    return True
''',
    javascript='''
function isPrime(n) {
  if (n < 2) {
    return false;
  }
  for (let i = 2; i * i <= n; i++) {
    if (n % i === 0) {
      return false;
    }
  }
  return true;
}
''',
)

primes_up_to = Task(
    wordings=(
        "lists all prime numbers up to n",
        "returns a list of primes up to n",
        "implements the sieve of Eratosthenes",
    ),
    explanation="It uses the sieve of Eratosthenes.",
    python='''
def primes_up_to(n: int) -> list:
    """Return all prime numbers up to n."""
    sieve = [True] * (n + 1)
    primes = []
    for i in range(2, n + 1):
        if sieve[i]:
            primes.append(i)
            for j in range(i * i, n + 1, i):
                sieve[j] = False
    return primes
''',
    javascript='''
function primesUpTo(n) {
  const sieve = new Array(n + 1).fill(true);
  const primes = [];
  for (let i = 2; i <= n; i++) {
    if (sieve[i]) {
      primes.push(i);
      for (let j = i * i; j <= n; j += i) {
        sieve[j] = false;
      }
    }
  }
  return primes;
}
''',
)

fizzbuzz = Task(
    wordings=(
        "prints FizzBuzz",
        "plays FizzBuzz",
        "implements fizzbuzz",
    ),
    explanation="It prints Fizz, Buzz or FizzBuzz for multiples of three and five.",
    python='''
def fizzbuzz(n: int) -> None:
    """Print the FizzBuzz sequence from 1 to n."""
    for i in range(1, n + 1):
        if i % 15 == 0:
            print("FizzBuzz")
        elif i % 3 == 0:
            print("Fizz")
        elif i % 5 == 0:
            print("Buzz")
        else:
            print(i)
''',
    javascript='''
function fizzbuzz(n) {
  for (let i = 1; i <= n; i++) {
    if (i % 15 === 0) {
      console.log('FizzBuzz');
    } else if (i % 3 === 0) {
      console.log('Fizz');
    } else if (i % 5 === 0) {
      console.log('Buzz');
    } else {
      console.log(i);
    }
  }
}
''',
)

is_even = Task(
    wordings=(
        "checks whether a number is even",
        "returns true if a number is even",
        "tests if n is even",
    ),
    explanation="A number is even if the remainder of a division by two is zero.",
    python='''
def is_even(n: int) -> bool:
    """Return True if n is even."""
    return n % 2 == 0
''',
    javascript='''
function isEven(n) {
  return n % 2 === 0;
}
''',
)
