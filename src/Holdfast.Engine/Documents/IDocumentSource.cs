using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Documents;

/// <summary>A source of documents: a cluster of databases. It lets one component be rebuilt from another.</summary>
public interface IDocumentSource
{
    /// <summary>The name of the source among those of its kind in the profile: "main".</summary>
    string SourceName { get; }

    /// <summary>Begins to read as of one instant, and checks that the statement returns the required columns.</summary>
    /// <exception cref="ProblemException">The source cannot be reached, the statement is refused, or a column is
    /// missing or has an unsupported type.</exception>
    Task<IDocumentReading> OpenAsync(DocumentQuery query, CancellationToken cancellation);
}

/// <summary>Documents as of the instant at which the reading began. Not thread-safe.</summary>
public interface IDocumentReading : IAsyncDisposable
{
    /// <summary>The number of rows.</summary>
    Task<long> CountAsync(CancellationToken cancellation);

    /// <summary>Ids with several rows, up to a limit. Reads all rows.</summary>
    Task<IReadOnlyList<string>> RepeatedIdsAsync(int most, CancellationToken cancellation);

    /// <summary>
    /// All rows, in no order; without documents only ids and versions. To be disposed of before the next call.
    /// </summary>
    Task<IDocumentRows> ReadAsync(bool documents, CancellationToken cancellation);

    /// <summary>The current rows of some ids, not those of the reading's instant.</summary>
    Task<IDocumentRows> ReadNowAsync(IReadOnlyCollection<string> ids, bool documents, CancellationToken cancellation);
}

/// <summary>A forward-only reader of rows, one buffer at a time.</summary>
public interface IDocumentRows : IAsyncDisposable
{
    /// <summary>Waits for rows. False at the end.</summary>
    /// <exception cref="ProblemException">The source fails, or a row has no id or no version.</exception>
    ValueTask<bool> FillAsync(CancellationToken cancellation);

    /// <summary>
    /// The next row of the buffer; false when more rows must be waited for. It is valid until the next call.
    /// </summary>
    bool TryNext(out DocumentRow row);
}

/// <summary>One row, in UTF-8. The version is a decimal number, or the text of the field; a document is one line of JSON.</summary>
public readonly ref struct DocumentRow(ReadOnlySpan<byte> id, ReadOnlySpan<byte> version, ReadOnlySpan<byte> document)
{
    public ReadOnlySpan<byte> Id { get; } = id;
    public ReadOnlySpan<byte> Version { get; } = version;
    public ReadOnlySpan<byte> Document { get; } = document;
}
