namespace AkkaCp.Text.Tokenization;

/// <summary>Arithmetic between Hangul syllables and their jamo (Unicode, section 3.12).</summary>
internal static class Hangul
{
    public const int SyllableBase = 0xAC00;
    public const int LeadBase = 0x1100;
    public const int VowelBase = 0x1161;
    public const int TrailBase = 0x11A7;
    public const int LeadCount = 19;
    public const int VowelCount = 21;
    public const int TrailCount = 28;
    public const int SyllableCount = LeadCount * VowelCount * TrailCount;

    /// <summary>
    /// One step: a syllable with a trailing consonant into the one without it and the consonant, else into lead and vowel.
    /// </summary>
    public static bool TryDecompose(int codePoint, out (int First, int Second) parts)
    {
        var index = codePoint - SyllableBase;
        if ((uint)index >= SyllableCount)
        {
            parts = default;
            return false;
        }

        var trail = index % TrailCount;
        parts = trail != 0
            ? (codePoint - trail, TrailBase + trail)
            : (LeadBase + (index / (VowelCount * TrailCount)), VowelBase + (index / TrailCount % VowelCount));
        return true;
    }

    /// <summary>Lead and vowel into a syllable, or a syllable without a trailing consonant and one into a syllable.</summary>
    public static bool TryCompose(int first, int second, out int composite)
    {
        var lead = first - LeadBase;
        var vowel = second - VowelBase;
        if ((uint)lead < LeadCount && (uint)vowel < VowelCount)
        {
            composite = SyllableBase + (((lead * VowelCount) + vowel) * TrailCount);
            return true;
        }

        var syllable = first - SyllableBase;
        var trail = second - TrailBase;
        composite = first + trail;
        return (uint)syllable < SyllableCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount;
    }
}
