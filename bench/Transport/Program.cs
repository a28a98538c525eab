using AkkaCp.Bench.Transport;
using AkkaCp.Collectives.Setup;

// The data plane between two processes that this one makes two of.
//   AkkaCp.Bench.Transport [--tls]                gathers and round trips beside bare sockets and memcpy, over loopback
//   AkkaCp.Bench.Transport ring                   direct exchange beside ring, in groups of several sizes
//   AkkaCp.Bench.Transport prefill MODEL [TOKENS [HERE THERE COMMAND]]
//                                                 a prompt on two ranks of one thread; the second rank's process listens on THERE and is
//                                                 started by COMMAND, such as "ip netns exec NAME"
const int DefaultTokens = 4096;
string[] own = args is [PeerProcess.Word, .. var rest] ? rest : args;
switch (own)
{
    case ["ring"]:
        await RingBench.RunAsync();
        return 0;
    case ["prefill", var model, .. var more]:
        using (var processes = PeerProcess.Of(args, more.ElementAtOrDefault(3) ?? ""))
        {
            var tokens = more.Length > 0 ? int.Parse(more[0], System.Globalization.CultureInfo.InvariantCulture) : DefaultTokens;
            await PrefillRun.RunAsync(processes, model, tokens, more.ElementAtOrDefault(processes.IsPeer ? 2 : 1) ?? "127.0.0.1");
        }

        return 0;
    case [] or ["--tls", ..]:
        using (var certificates = own is [] ? null : BenchCertificates.Create(own))
        using (var processes = PeerProcess.Of(
            certificates is null || args is [PeerProcess.Word, ..] ? args : ["--tls", certificates.Folder]))
        {
            await new GatherRun(processes).RunAsync(new DataPlaneOptions { Tls = certificates?.Files });
        }

        return 0;
    default:
        await Console.Error.WriteLineAsync($"expected --tls, ring or prefill MODEL, found {string.Join(' ', args)}");
        return 2;
}
