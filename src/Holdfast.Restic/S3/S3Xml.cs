using System.Text;
using System.Xml;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.S3;

/// <summary>
/// Parses the answers of an object store, whose bytes are untrusted: no DTDs, no entities but the five predefined ones
/// of XML, and limits for size and depth.
/// </summary>
internal static class S3Xml
{
    /// <summary>The limit for a listing, twice the size of 1000 entries with the longest keys: 8 MiB.</summary>
    public const int LargestListing = 8 << 20;

    /// <summary>The limit for an error message: 64 KiB.</summary>
    public const int LargestFailure = 64 << 10;

    private const int Deepest = 16;

    /// <summary>Returns the whole body of an answer.</summary>
    /// <exception cref="XmlException">It has more bytes than <paramref name="limit"/>.</exception>
    public static async Task<byte[]> LoadAsync(HttpResponseMessage answer, int limit, RestWatch watch)
    {
        await using var content = await answer.Content.ReadAsStreamAsync(watch.Token);
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int count; (count = await content.ReadAsync(buffer, watch.Token)) > 0;)
        {
            if (body.Length + count > limit) throw new XmlException($"it is longer than {limit >> 10} KiB");
            body.Write(buffer, 0, count);
            watch.Progress(count);
        }
        return body.ToArray();
    }

    /// <summary>Returns each element at its end: its path, "ListBucketResult/Contents/Key", and its text.</summary>
    /// <exception cref="XmlException">The answer is not a valid document.</exception>
    public static IEnumerable<(string Path, string Text)> Read(byte[] body)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = LargestListing,
        };
        using var reader = XmlReader.Create(new MemoryStream(body), settings);
        var open = new List<string>();
        var text = new StringBuilder();
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (open.Count == Deepest) throw new XmlException("its elements are nested too deeply");
                    open.Add(reader.LocalName);
                    text.Clear();
                    if (!reader.IsEmptyElement) break;
                    goto case XmlNodeType.EndElement;
                case XmlNodeType.EndElement:
                    yield return (string.Join('/', open), text.ToString());
                    open.RemoveAt(open.Count - 1);
                    text.Clear();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                    text.Append(reader.Value);
                    break;
                default: break;
            }
        }
    }
}
