using System.Collections.Concurrent;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline;

namespace AkkaCp.Actors.Nodes;

/// <summary>What a node's actors share with the program that started them; outlives them, and the actor system.</summary>
/// <param name="host">The program.</param>
/// <param name="changed">Hears of each change; null for nobody.</param>
internal sealed class NodeContext(IRankHost host, Action<NodeStatus>? changed = null)
{
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NodeStatus _status = NodeStatus.New;
    private volatile bool _isOutsider;
    private long _highestEpoch;
    private readonly ConcurrentDictionary<int, IRankPipeline> _pipelines = new();

    public IRankHost Host { get; } = host;

    /// <summary>Who is asked for the cluster, in words; null where the coordinator is known from the start.</summary>
    public Func<string>? Asked { get; set; }

    /// <summary>Takes the logits of the epoch; null before the first.</summary>
    public LogitsOutlet? Outlet { get; set; }

    /// <summary>Pipelines that are still ending.</summary>
    public PipelineDisposals Disposals { get; } = new();

    /// <summary>The shards.</summary>
    public ShardLoader Shards { get; } = new(host);

    /// <summary>The coordinator's book of hashes, as far as it was sent here.</summary>
    public CarriedHashes Carried { get; } = new();

    /// <summary>Whether the coordinator has said that this node's facts are not the group's.</summary>
    public bool IsOutsider
    {
        get => _isOutsider;
        set => _isOutsider = value;
    }

    /// <summary>The last picture.</summary>
    public NodeStatus Status => _status;

    /// <summary>Faulted when the node cannot go on; never ends otherwise.</summary>
    public Task Failed => _failed.Task;

    /// <summary>The highest epoch that the node has heard of. Nothing of a lower one is taken any more.</summary>
    public long HighestEpoch => Volatile.Read(ref _highestEpoch);

    /// <summary>Grows while the node's pipelines get on.</summary>
    public long Work => _pipelines.Values.Sum(pipeline => pipeline.StagesDone);

    /// <summary>Of a process with these ranks.</summary>
    public static NodeContext Of(NodeOptions options) => new(
        options.Host, Callbacks.Of(options.Loggers).Guard(nameof(options.StateChanged), options.StateChanged));

    /// <summary>Notes an epoch; false when it is not above all earlier ones.</summary>
    public bool TryAdvance(long epoch)
    {
        if (epoch <= HighestEpoch)
            return false;
        Volatile.Write(ref _highestEpoch, epoch);
        return true;
    }

    /// <summary>The rank's pipeline of now; null for none.</summary>
    public void NotePipeline(int rank, IRankPipeline? pipeline)
    {
        if (pipeline is null)
            _pipelines.TryRemove(rank, out _);
        else
            _pipelines[rank] = pipeline;
    }

    /// <summary>Notes the picture, and tells of it when it says something new.</summary>
    public void Publish(NodeStatus status)
    {
        if (_status.Equals(status))
            return;
        _status = status;
        changed?.Invoke(status);
    }

    /// <summary>The node cannot go on.</summary>
    public void Fail(Exception cause)
    {
        if (_failed.TrySetException(cause))
            _ = _failed.Task.Exception;
    }
}
