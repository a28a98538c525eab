using System.Globalization;
using AkkaCp.Bench.Serving;

// What requests of one engine do to each other.
//   AkkaCp.Bench.Serving short-beside-long MODEL [LONG [TARGET_MS]]    prompts of 100 tokens and streams while one of LONG is prefilled
switch (args)
{
    case ["short-beside-long", var model, .. var rest]:
        await ShortBesideLong.RunAsync(model, rest.Length > 0 ? Number(rest[0]) : 16_384, rest.Length > 1 ? Number(rest[1]) : 500);
        return 0;
    default:
        await Console.Error.WriteLineAsync($"expected short-beside-long MODEL [LONG [TARGET_MS]], found {string.Join(' ', args)}");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
