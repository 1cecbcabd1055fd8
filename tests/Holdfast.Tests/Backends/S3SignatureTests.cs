using Holdfast.Restic.S3;
using Xunit;

namespace Holdfast.Tests.Backends;

/// <summary>
/// The examples of Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload
/// in a Single Chunk", with the keys that are published there.
/// </summary>
public sealed class S3SignatureTests
{
    private static readonly S3Keys _keys = new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

    [Fact]
    public void Part_of_an_object() => Signs(
        "GET", "/test.txt", S3Signature.EmptyPayload, [("range", "bytes=0-9")],
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");

    [Fact]
    public void An_upload() => Signs(
        "PUT", $"/{S3Signature.Encode("test$file.text", isPath: true)}",
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        [("x-amz-storage-class", "REDUCED_REDUNDANCY"), ("date", "Fri, 24 May 2013 00:00:00 GMT")],
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");

    [Fact]
    public void A_parameter_without_a_value() => Signs(
        "GET", $"/?{S3Signature.QueryOf([("lifecycle", "")])}", S3Signature.EmptyPayload, [],
        "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");

    [Fact]
    public void A_listing() => Signs(
        "GET", $"/?{S3Signature.QueryOf([("prefix", "J"), ("max-keys", "2")])}", S3Signature.EmptyPayload, [],
        "host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");

    [Fact]
    public void A_date_is_written_in_UTC()
    {
        var time = new DateTimeOffset(2013, 5, 24, 2, 0, 0, TimeSpan.FromHours(2));
        Assert.Equal("20130524T000000Z", S3Signature.DateOf(time));
    }

    [Fact]
    public void No_text_of_keys_holds_the_secret_ones()
    {
        var text = (_keys with { Token = "hunter2" }).ToString();
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("wJalr", text, StringComparison.Ordinal);
    }

    private static void Signs(
        string method, string path, string payload, (string Name, string Value)[] headers,
        string signed, string signature)
    {
        var url = new Uri($"https://examplebucket.s3.amazonaws.com{path}");
        (string, string)[] all = [.. headers, ("x-amz-date", "20130524T000000Z"), ("x-amz-content-sha256", payload)];
        var expected = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            + $"SignedHeaders={signed}, Signature={signature}";
        Assert.Equal(expected, S3Signature.Sign(method, url, all, _keys, "us-east-1"));
    }
}
