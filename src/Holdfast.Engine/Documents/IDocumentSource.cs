using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Documents;

/// <summary>What documents are read from: a cluster of databases. So one component can build what it holds from another one.</summary>
public interface IDocumentSource
{
    /// <summary>Its name among those of its kind in the profile: "main".</summary>
    string SourceName { get; }

    /// <summary>Begins to read as of one instant, and finds out whether the statement has what it must have.</summary>
    /// <exception cref="ProblemException">The source can not be reached, the statement is refused, or a column is missing or of a type that it can not have.</exception>
    Task<IDocumentReading> OpenAsync(DocumentQuery query, CancellationToken cancellation);
}

/// <summary>Documents as of the instant at which the reading was begun. Not for several threads.</summary>
public interface IDocumentReading : IAsyncDisposable
{
    /// <summary>How many rows there are.</summary>
    Task<long> CountAsync(CancellationToken cancellation);

    /// <summary>Ids of which there are several rows, so many at most. Reads all rows.</summary>
    Task<IReadOnlyList<string>> RepeatedIdsAsync(int most, CancellationToken cancellation);

    /// <summary>All rows, in no order; without documents only ids and versions. To be disposed of before anything else is asked.</summary>
    Task<IDocumentRows> ReadAsync(bool documents, CancellationToken cancellation);

    /// <summary>The rows of some ids as they are now, not as they were at the reading's instant.</summary>
    Task<IDocumentRows> ReadNowAsync(IReadOnlyCollection<string> ids, bool documents, CancellationToken cancellation);
}

/// <summary>Rows that are read forward, a buffer at a time.</summary>
public interface IDocumentRows : IAsyncDisposable
{
    /// <summary>Waits for rows. False at the end.</summary>
    /// <exception cref="ProblemException">The source fails, or a row has no id or no version.</exception>
    ValueTask<bool> FillAsync(CancellationToken cancellation);

    /// <summary>The next row of those that are there; false when more must be waited for. It is gone with the next call.</summary>
    bool TryNext(out DocumentRow row);
}

/// <summary>One row, in UTF-8. The version is a decimal number, or the text of the field; a document is one line of JSON.</summary>
public readonly ref struct DocumentRow(ReadOnlySpan<byte> id, ReadOnlySpan<byte> version, ReadOnlySpan<byte> document)
{
    public ReadOnlySpan<byte> Id { get; } = id;
    public ReadOnlySpan<byte> Version { get; } = version;
    public ReadOnlySpan<byte> Document { get; } = document;
}
