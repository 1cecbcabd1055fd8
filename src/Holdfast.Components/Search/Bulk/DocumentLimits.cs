using System.Text;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Documents;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// What every engine demands of a document. It turns a whole request away for one that does not keep to it, so this is found out before.
/// Source: the engines' reference manuals, "_id field" and "Index API", "Version types".
/// </summary>
internal static class DocumentLimits
{
    /// <summary>Bytes of an id.</summary>
    private const int LongestId = 512;

    /// <summary>So many characters of a version are told.</summary>
    private const int Told = 50;

    public static bool HasLongId(DocumentRow row) => row.Id.Length > LongestId;

    /// <summary>Why no engine takes a row; null when one may.</summary>
    public static string? WhyNot(DocumentRow row, DocumentQuery query)
    {
        if (HasLongId(row)) return $"Its id has {row.Id.Length} bytes, and an engine takes {LongestId}.";
        return query.Version is null || row.Version.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 ? null
            : $"Its version is '{Excerpt.Of(Encoding.UTF8.GetString(row.Version), Told)}', and an engine takes whole numbers from 0 on.";
    }
}
