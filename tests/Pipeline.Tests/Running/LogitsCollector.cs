using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Keeps the logits of every row that ranks report; a row reported twice is an error.</summary>
internal sealed class LogitsCollector(int vocabSize) : ILogitsSink
{
    private readonly Dictionary<(long Request, int Position), float[]> _rows = [];

    public void Write(long sequenceId, int position, ReadOnlySpan<float> logits)
    {
        lock (_rows)
            _rows.Add((sequenceId, position), logits.ToArray());
    }

    /// <summary>[length, V] of one request, all positions from 0; the rows are forgotten.</summary>
    public float[] Take(long request, int length)
    {
        var result = new float[length * vocabSize];
        lock (_rows)
        {
            for (var position = 0; position < length; position++)
            {
                if (!_rows.Remove((request, position), out var row))
                    throw new InvalidOperationException($"no rank reported logits of position {position} of request {request}");

                row.CopyTo(result, position * vocabSize);
            }
        }

        return result;
    }
}
