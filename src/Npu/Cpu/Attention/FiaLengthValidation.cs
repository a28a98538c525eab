using static AkkaCp.Npu.Cpu.Attention.FiaValidation;
using static AkkaCp.Npu.OperatorChecks;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>Lengths and paging of an attention call.</summary>
internal static class FiaLengthValidation
{
    private const int MaxBatch = 65536;
    private const int MaxPackedBatch = 4096;
    private const int BlockSizeStep = 16;
    private const int MaxBlockSize = 1024;

    /// <summary>The batch, and each request's query rows.</summary>
    public static void ResolveQueryLengths(in FiaArguments a, ref FiaProblem problem)
    {
        problem.QueryLengths = a.ActualSeqLengths;
        problem.Batch = problem.Packed ? (a.ActualSeqLengths?.Length ?? 0) : a.Query.Rows;
        var limit = problem.Packed ? MaxPackedBatch : MaxBatch;
        if (problem.Batch > limit)
            Refuse(Op, problem.Packed ? "actual_seq_lengths" : "query", $"a batch of at most {limit}", $"{problem.Batch}");

        if (problem.Packed)
            RequireCumulative("actual_seq_lengths", a.ActualSeqLengths, "query", a.Query.Rows);
        else if (problem.StoredRows != 1 && a.ActualSeqLengths is { } lengths)
            RequirePerRequest("actual_seq_lengths", lengths, problem.Batch, problem.StoredRows, "rows of query");
    }

    /// <summary>Each request's keys.</summary>
    public static void ResolveKeyLengths(in FiaArguments a, ref FiaProblem problem)
    {
        const string Name = "actual_seq_lengths_kv";
        problem.KeyLengths = a.ActualSeqLengthsKv;
        if (a.BlockTable is not null)
        {
            if (a.ActualSeqLengthsKv is null)
                Refuse(Op, Name, "a length for each request, which block_table requires", "none");

            var slots = (long)problem.TableWidth * problem.BlockSize;
            RequirePerRequest(Name, a.ActualSeqLengthsKv!, problem.Batch, slots, "slots of block_table");
            RequireBlocksInCache(a, problem);
        }
        else if (problem.Packed)
        {
            RequireCumulative(Name, a.ActualSeqLengthsKv, "key", a.Key.Rows);
            if (a.ActualSeqLengthsKv!.Length != problem.Batch)
                Refuse(Op, Name, $"{problem.Batch} lengths, as actual_seq_lengths has", $"{a.ActualSeqLengthsKv.Length}");
        }
        else if (a.ActualSeqLengthsKv is { } lengths)
        {
            RequirePerRequest(Name, lengths, problem.Batch, problem.StoredKeys, "rows of key");
        }
    }

    /// <summary>Block size, table shape and the caches' shape.</summary>
    public static void ResolvePages(in FiaArguments a, ref FiaProblem problem)
    {
        var table = a.BlockTable!;
        if (a.BlockSize is < BlockSizeStep or > MaxBlockSize || a.BlockSize % BlockSizeStep != 0)
            Refuse(Op, "block_size", $"a multiple of {BlockSizeStep} from {BlockSizeStep} to {MaxBlockSize}", $"{a.BlockSize}");

        if (a.BlockTableRows != problem.Batch)
            Refuse(Op, "block_table", $"{problem.Batch} rows, one for each request", $"{a.BlockTableRows}");

        if (a.BlockTableRows > 0 && table.Length % a.BlockTableRows != 0)
            Refuse(Op, "block_table", $"rows of equal width, {a.BlockTableRows} of them", $"{table.Length} entries");

        var key = a.Key;
        if (key.Rank != 4 || key[1] != a.BlockSize || key[2] != problem.KvHeads || key[3] != problem.HeadDim)
            Refuse(Op, "key", $"[blocks, {a.BlockSize}, {problem.KvHeads}, {problem.HeadDim}]", key.ToString());

        RequireSameShape(Op, "value", a.Value, key);
        problem.BlockTable = table;
        problem.TableWidth = a.BlockTableRows == 0 ? 0 : table.Length / a.BlockTableRows;
        problem.BlockSize = a.BlockSize;
        problem.KeyStrides = FiaStrides.Of(a.Key, FiaInputLayout.Bsnd);
        problem.ValueStrides = FiaStrides.Of(a.Value, FiaInputLayout.Bsnd);
    }

    // Entries behind a request's length may hold anything.
    private static void RequireBlocksInCache(in FiaArguments a, in FiaProblem problem)
    {
        for (var b = 0; b < problem.Batch; b++)
        {
            var pages = (problem.KeyLength(b) + problem.BlockSize - 1) / problem.BlockSize;
            for (var page = 0; page < pages; page++)
            {
                var block = problem.BlockTable![((long)b * problem.TableWidth) + page];
                if ((uint)block >= (uint)a.Key.Rows)
                    Refuse(Op, "block_table", $"blocks below {a.Key.Rows}", $"{block} at [{b}, {page}]");
            }
        }
    }

    private static void RequireCumulative(string argument, int[]? lengths, string of, int rows)
    {
        if (lengths is null)
        {
            Refuse(Op, argument, "cumulative lengths, which TND requires", "none");
            return;
        }

        var last = 0;
        for (var b = 0; b < lengths.Length; b++)
        {
            if (lengths[b] < last)
                Refuse(Op, argument, b == 0 ? "no negative length" : $"cumulative lengths: at least {last} at [{b}]", $"{lengths[b]}");

            last = lengths[b];
        }

        if (last != rows)
            Refuse(Op, argument, $"last cumulative length {rows}, the rows of {of}", $"{last}");
    }

    private static void RequirePerRequest(string argument, int[] lengths, int batch, long limit, string of)
    {
        if (lengths.Length != 1 && lengths.Length < batch)
            Refuse(Op, argument, $"1 length or at least {batch}", $"{lengths.Length}");

        for (var b = 0; b < Math.Min(lengths.Length, batch); b++)
        {
            if (lengths[b] < 0 || lengths[b] > limit)
                Refuse(Op, argument, $"0 to {limit}, the {of}", $"{lengths[b]} at [{b}]");
        }
    }
}
