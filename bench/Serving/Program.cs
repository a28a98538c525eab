using System.Globalization;
using AkkaCp.Bench.Serving;

// What requests of one engine do to each other, and what HTTP costs them.
//   AkkaCp.Bench.Serving short-beside-long MODEL [LONG [TARGET_MS]]    prompts of 100 tokens and streams while one of LONG is prefilled
//   AkkaCp.Bench.Serving cost-per-token MODEL [TOKENS [ROUNDS]]        processor time and bytes of a token over HTTP and without
//   AkkaCp.Bench.Serving cost-server MODEL                             the server of that; the program starts it itself
switch (args)
{
    case ["short-beside-long", var model, .. var rest]:
        await ShortBesideLong.RunAsync(model, rest.Length > 0 ? Number(rest[0]) : 16_384, rest.Length > 1 ? Number(rest[1]) : 500);
        return 0;
    case ["cost-per-token", var model, .. var rest]:
        await CostPerToken.RunAsync(model, rest.Length > 0 ? Number(rest[0]) : 256, rest.Length > 1 ? Number(rest[1]) : 5);
        return 0;
    case [CostServer.Word, var model]:
        await CostServer.ServeAsync(model);
        return 0;
    default:
        await Console.Error.WriteLineAsync(
            "expected short-beside-long MODEL [LONG [TARGET_MS]] or cost-per-token MODEL [TOKENS [ROUNDS]], "
            + $"found {string.Join(' ', args)}");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
