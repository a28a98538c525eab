namespace AkkaCp.Collectives.Topology;

/// <summary>A rank's place in each of the ways in which the model is divided.</summary>
/// <param name="GlobalRank">Number among all ranks.</param>
/// <param name="PpRank">Pipeline stage.</param>
/// <param name="TpRank">Number within the stage.</param>
/// <param name="AttnTpRank">Share of the attention heads.</param>
/// <param name="AttnCpRank">Share of a prompt's rows.</param>
/// <param name="AttnDpRank">Share of the requests.</param>
/// <param name="MoeDpRank">Copy of the experts.</param>
/// <param name="MoeEpRank">Share of the experts.</param>
/// <param name="MoeTpRank">Share of each expert's columns.</param>
public sealed record RankCoordinates(int GlobalRank, int PpRank, int TpRank, int AttnTpRank, int AttnCpRank, int AttnDpRank,
    int MoeDpRank, int MoeEpRank, int MoeTpRank);
