using Holdfast.Engine.Documents;

namespace Holdfast.Components.Search.Api;

/// <summary>What is asked of the indices of one cluster.</summary>
/// <param name="Indices">The aliases, as the profile names them.</param>
/// <param name="Sources">What documents can be read from.</param>
/// <param name="Folder">A directory of our own on this machine, for what does not fit into memory and for documents that were rejected.</param>
public sealed record IndexRequest(IReadOnlyList<string> Indices, IReadOnlyList<IDocumentSource> Sources, string Folder)
{
    /// <summary>
    /// Gets a sentence for each alias that points to several indices (a rollover series), which is left out; null where such an alias was named, and is refused.
    /// </summary>
    public Action<string>? Skipped { get; init; }

    /// <summary>The platform's own command does it.</summary>
    public bool Delegate { get; init; }

    /// <summary>The index that is replaced is deleted in the end.</summary>
    public bool DropOld { get; init; }

    /// <summary>What an earlier run has begun is not gone on with.</summary>
    public bool Afresh { get; init; }

    /// <summary>A sync may delete most of an index.</summary>
    public bool AllowDeletions { get; init; }

    /// <summary>An alias may be led from an index with documents to one without.</summary>
    public bool AllowEmpty { get; init; }
}
