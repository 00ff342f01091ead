/**
 * Runs all requests, at most `places` at once. Each place takes the next request when its own has ended.
 *
 * @template Request, Result
 * @param {Request[]} requests
 * @param {number} places
 * @param {(request: Request, place: number) => Promise<Result>} run
 */
export async function runQueued(requests, places, run) {
  const rest = requests.values();
  const work = async (place) => {
    for (const request of rest) await run(request, place);
  };
  await Promise.all(Array.from({ length: places }, (_, place) => work(place)));
}
