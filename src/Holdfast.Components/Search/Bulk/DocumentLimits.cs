using System.Text;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Documents;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// The limits of every engine for a document. An engine refuses a whole request for one document beyond them, so they
/// are checked before. Source: the engines' reference manuals, "_id field" and "Index API", "Version types".
/// </summary>
internal static class DocumentLimits
{
    /// <summary>The limit of an id, in bytes.</summary>
    private const int LongestId = 512;

    /// <summary>The number of characters of a version that are reported.</summary>
    private const int Told = 50;

    public static bool HasLongId(DocumentRow row) => row.Id.Length > LongestId;

    /// <summary>Why no engine accepts a row; null when one may.</summary>
    public static string? WhyNot(DocumentRow row, DocumentQuery query)
    {
        if (HasLongId(row)) return $"Its id has {row.Id.Length} bytes, and an engine takes {LongestId}.";
        return query.Version is null || row.Version.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 ? null
            : $"Its version is '{Excerpt.Of(Encoding.UTF8.GetString(row.Version), Told)}', and an engine takes whole numbers from 0 on.";
    }
}
