namespace AkkaCp.Model.Sampling;

/// <summary>A token that may be chosen. Candidates are ordered by logit, largest first, and among equals by id, lowest first.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Logit">Its logit after bias and penalties.</param>
/// <param name="Weight">exp((logit − max) / temperature), in [0, 1]; its probability up to one common factor.</param>
internal readonly record struct Candidate(int Id, float Logit, double Weight = 0)
{
    public bool Precedes(Candidate other) => Logit > other.Logit || (Logit == other.Logit && Id < other.Id);
}
