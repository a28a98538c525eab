using System.Globalization;
using AkkaCp.Bench.Serving;

// What requests of one engine do to each other, and what HTTP costs them.
//   AkkaCp.Bench.Serving short-beside-long MODEL [LONG [TARGET_MS [PAUSE_MS]]]    streams, and a prompt of 100 tokens each PAUSE_MS, while
//                                                                      one of LONG is prefilled
//   AkkaCp.Bench.Serving cost-per-token MODEL [TOKENS [ROUNDS]]        processor time and bytes of a token over HTTP and without
//   AkkaCp.Bench.Serving second-turn MODEL [TOKENS]                    the first token of a chat's second turn beside the first turn's
//   AkkaCp.Bench.Serving beside-peer MODEL GGUF PROGRAM [ROUNDS]       llama-server with the same weights, in turns; bench/peers.sh has it
//   AkkaCp.Bench.Serving cost-server MODEL                             the server of that; the program starts it itself
switch (args)
{
    case ["short-beside-long", var model, .. var rest]:
        await ShortBesideLong.RunAsync(model, rest.Length > 0 ? Number(rest[0]) : 16_384, rest.Length > 1 ? Number(rest[1]) : 500,
            rest.Length > 2 ? Number(rest[2]) : 700);
        return 0;
    case ["cost-per-token", var model, .. var rest]:
        await CostPerToken.RunAsync(model, rest.Length > 0 ? Number(rest[0]) : 256, rest.Length > 1 ? Number(rest[1]) : 5);
        return 0;
    case ["second-turn", var model, .. var rest]:
        await SecondTurn.RunAsync(model, rest.Length > 0 ? Number(rest[0]) : 8000);
        return 0;
    case ["beside-peer", var model, var gguf, var program, .. var rest]:
        await BesidePeer.RunAsync(model, gguf, program, rest.Length > 0 ? Number(rest[0]) : 2);
        return 0;
    case [CostServer.Word, var model, var stepsInside]:
        await CostServer.ServeAsync(model, stepsInside);
        return 0;
    default:
        await Console.Error.WriteLineAsync(
            "expected short-beside-long MODEL [LONG [TARGET_MS [PAUSE_MS]]], cost-per-token MODEL [TOKENS [ROUNDS]], "
            + $"second-turn MODEL [TOKENS] or beside-peer MODEL GGUF PROGRAM [ROUNDS], found {string.Join(' ', args)}");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
