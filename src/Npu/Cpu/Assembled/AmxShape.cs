namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>What one piece of AMX code covers.</summary>
internal enum AmxShape
{
    /// <summary>17 to 32 rows × one panel: two tile registers of x, two of weights, four of sums.</summary>
    Tall,

    /// <summary>1 to 16 rows × one panel.</summary>
    Flat,

    /// <summary>1 to 16 rows × two panels, so that there are four sums again.</summary>
    Wide,
}
