using System.Globalization;
using System.Net;
using System.Xml;

namespace Holdfast.Restic.S3;

/// <summary>One page of a listing.</summary>
/// <param name="Entries">The keys as they are in the bucket, not validated.</param>
/// <param name="Next">The token of the next page; null after the last one.</param>
internal sealed record S3Listing(IReadOnlyList<S3Entry> Entries, string? Next)
{
    private const string Root = "ListBucketResult";

    /// <summary>Parses the answer to ListObjectsV2 with "encoding-type=url". Source: Amazon S3 API Reference.</summary>
    /// <exception cref="XmlException">The answer is not a valid listing.</exception>
    public static S3Listing Parse(byte[] body)
    {
        var entries = new List<S3Entry>();
        var (isListing, isTruncated, next) = (false, false, (string?)null);
        var (key, size, modified) = ((string?)null, (string?)null, (string?)null);
        foreach (var (path, text) in S3Xml.Read(body))
        {
            switch (path)
            {
                case $"{Root}/Contents/Key": key = WebUtility.UrlDecode(text); break;
                case $"{Root}/Contents/Size": size = text; break;
                case $"{Root}/Contents/LastModified": modified = text; break;
                case $"{Root}/Contents":
                    entries.Add(new S3Entry(key ?? throw Lacking(), SizeOf(size), TimeOf(modified)));
                    (key, size, modified) = (null, null, null);
                    break;
                case $"{Root}/IsTruncated": isTruncated = text == "true"; break;
                case $"{Root}/NextContinuationToken": next = text; break;
                case Root: isListing = true; break;
                default: break;
            }
        }
        if (!isListing || (isTruncated && string.IsNullOrEmpty(next))) throw Lacking();
        return new S3Listing(entries, isTruncated ? next : null);
    }

    private static long SizeOf(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : throw Lacking();

    private static DateTimeOffset? TimeOf(string? text)
    {
        var culture = CultureInfo.InvariantCulture;
        return DateTimeOffset.TryParse(text, culture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
    }

    private static XmlException Lacking() => new("it is not a listing of a bucket");
}

/// <summary>An object of a bucket: its key, its size in bytes, and its modification time.</summary>
internal readonly record struct S3Entry(string Key, long Size, DateTimeOffset? Modified);
