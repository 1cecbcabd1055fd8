using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// Keeps rejected documents, one line of JSON each: the action, the engine's reason, and the document. Only its owner
/// may read the file, which is created with the first line.
/// </summary>
internal sealed class RejectedDocuments(string path) : IDisposable
{
    /// <summary>More of them mean that the mapping is wrong, not the documents.</summary>
    private const int Most = 10_000;

    /// <summary>The number of documents that the problem names.</summary>
    private const int Named = 5;

    private readonly Lock _gate = new();
    private readonly List<string> _named = [];
    private FileStream? _file;

    public int Count { get; private set; }

    /// <summary>Documents with the id of an earlier one in a new index.</summary>
    public int Conflicts { get; private set; }

    /// <exception cref="ProblemException">There are too many, or no room for them.</exception>
    public void Add(BulkBody body, BulkFailure failure)
    {
        var (action, document) = body[failure.Position];
        Add(action.Span, document.Span, failure.Error, failure.IsConflict);
    }

    /// <summary>Keeps a row that no engine takes, and for which it would turn a whole request away.</summary>
    /// <exception cref="ProblemException">There are too many, or no room for them.</exception>
    public void Add(DocumentRow row, string why)
    {
        var action = new JsonObject { ["index"] = new JsonObject { ["_id"] = Encoding.UTF8.GetString(row.Id), ["version"] = Encoding.UTF8.GetString(row.Version) } };
        Add(Encoding.UTF8.GetBytes(BulkAnswer.Json(action)), row.Document, BulkAnswer.Json(JsonValue.Create(why)), isConflict: false);
    }

    /// <summary>Fails when a document was rejected.</summary>
    /// <param name="index">The index of the documents.</param>
    /// <exception cref="ProblemException">A document was rejected.</exception>
    public void Refuse(string index)
    {
        if (Count == 0) return;
        _file!.Flush(flushToDisk: true);
        var of = index.Length == 0 ? "" : $" of {index}";
        throw new ProblemException(Catalogue.SearchRejected.With($"The engine rejected {Quantity.Of(Count, "document")}{of}, kept in {path}.") with { Details = [.. _named] });
    }

    public void Dispose() => _file?.Dispose();

    private void Add(ReadOnlySpan<byte> action, ReadOnlySpan<byte> document, string error, bool isConflict)
    {
        lock (_gate)
        {
            if (_named.Count < Named) _named.Add($"{Excerpt.OfId(BulkBody.IdOf(action))}: {error}");
            if (isConflict) Conflicts++;
            Write(action, error, document);
            if (++Count >= Most) Refuse("");
        }
    }

    private void Write(ReadOnlySpan<byte> action, string error, ReadOnlySpan<byte> document)
    {
        try
        {
            PrivateFolder.Make(Path.GetDirectoryName(path)!);
            _file ??= new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            _file.Write("{\"action\":"u8);
            _file.Write(action);
            _file.Write(Encoding.UTF8.GetBytes($",\"error\":{error}"));
            if (!document.IsEmpty)
            {
                _file.Write(",\"document\":"u8);
                _file.Write(document);
            }
            _file.Write("}\n"u8);
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"The rejected documents cannot be written to '{path}': {full.Message.TrimEnd('.')}.", full);
        }
    }
}
