using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Wire;

/// <summary>Sends messages of any size, and takes their fragments. Those that are small, or stay in this process, go as they are.</summary>
internal static class LargeMessages
{
    // A token is at most 5 bytes, and so is a block's number.
    private const int LargeCount = FragmentAssembler.FragmentBytes / 8;
    private const int LargeHashes = FragmentAssembler.FragmentBytes / 200;

    /// <summary>Tells a message, in fragments when it is large and goes to another process.</summary>
    public static void TellLarge(this IActorRef target, object message, IActorRef sender, ActorSystem system)
    {
        if (!IsLarge(message) || ((IInternalActorRef)target).IsLocal)
        {
            target.Tell(message, sender);
            return;
        }

        var serializer = (WireSerializer)system.Serialization.FindSerializerFor(message);
        var bytes = Serialization.WithTransport((ExtendedActorSystem)system, () => serializer.ToBinary(message));
        foreach (var fragment in Cut(bytes, serializer.Manifest(message)))
            target.Tell(fragment, sender);
    }

    /// <summary>A message's fragments.</summary>
    public static IEnumerable<FragmentProtocol.Fragment> Cut(byte[] bytes, string manifest)
    {
        var id = Guid.NewGuid();
        var count = Math.Max(1, (bytes.Length + FragmentAssembler.FragmentBytes - 1) / FragmentAssembler.FragmentBytes);
        for (var i = 0; i < count; i++)
        {
            var from = i * FragmentAssembler.FragmentBytes;
            var fragment = bytes.AsSpan(from, Math.Min(FragmentAssembler.FragmentBytes, bytes.Length - from));
            yield return new FragmentProtocol.Fragment(id, i, count, manifest, ImmutableArray.Create(fragment));
        }
    }

    /// <summary>Takes a fragment; gives the message with its last one.</summary>
    /// <returns>Null while fragments are missing, and for what is no message: it is dropped as a damaged frame would be.</returns>
    public static object? Take(this FragmentAssembler assembler, FragmentProtocol.Fragment fragment, ActorSystem system)
    {
        try
        {
            return assembler.Add(fragment) is { } whole
                ? ((WireSerializer)system.Serialization.FindSerializerForType(typeof(FragmentProtocol.Fragment)))
                .FromBinary(whole, fragment.Manifest)
                : null;
        }
        catch (SerializationException)
        {
            return null;
        }
    }

    private static bool IsLarge(object message) => message switch
    {
        EdgeProtocol.HandIn { Request: var submit } =>
            submit.Tokens.Length + submit.StopTokens.Length + (2 * submit.Sampling.LogitBias?.Count ?? 0) > LargeCount,
        RankProtocol.RunStep run => run.Plan.Requests.Sum(share => share.Tokens.Length + share.NewBlocks.Length + 16) > LargeCount,
        LogitsProtocol.Row row => row.Logits.Length > LargeCount,
        HashProtocol.Own own => own.Hashes.Length > LargeHashes,
        HashProtocol.Table table => table.Entries.Length > LargeHashes,
        _ => false,
    };
}
