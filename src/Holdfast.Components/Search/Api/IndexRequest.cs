using Holdfast.Engine.Documents;

namespace Holdfast.Components.Search.Api;

/// <summary>The request of a verb for the indices of one cluster.</summary>
/// <param name="Indices">The aliases, as the profile names them.</param>
/// <param name="Sources">The databases that documents can be read from.</param>
/// <param name="Folder">A directory of Holdfast on this machine, for data that does not fit into memory and for
/// rejected documents.</param>
public sealed record IndexRequest(IReadOnlyList<string> Indices, IReadOnlyList<IDocumentSource> Sources, string Folder)
{
    /// <summary>
    /// Receives a sentence about each alias that points to several indices (a rollover series) and is left out; null
    /// where such an alias was named, and is refused.
    /// </summary>
    public Action<string>? Skipped { get; init; }

    /// <summary>The platform's own command does it.</summary>
    public bool Delegate { get; init; }

    /// <summary>The index that is replaced is deleted in the end.</summary>
    public bool DropOld { get; init; }

    /// <summary>Starts a new index, instead of continuing with one that an earlier run has begun.</summary>
    public bool Afresh { get; init; }

    /// <summary>A sync may delete most of an index.</summary>
    public bool AllowDeletions { get; init; }

    /// <summary>Allows an alias to be moved from an index with documents to an empty one.</summary>
    public bool AllowEmpty { get; init; }
}
