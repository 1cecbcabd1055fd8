using Holdfast.Restic;
using Holdfast.Restic.S3;
using Xunit;

namespace Holdfast.Tests.Backends;

public sealed class S3LocationTests
{
    [Theory]
    [InlineData("s3:s3.amazonaws.com/shop", "s3:https://s3.amazonaws.com/shop", "shop", "")]
    [InlineData("s3://s3.amazonaws.com/shop/a/b/", "s3:https://s3.amazonaws.com/shop/a/b", "shop", "a/b")]
    [InlineData("s3:http://localhost:9000/shop/./a//b", "s3:http://localhost:9000/shop/a/b", "shop", "a/b")]
    [InlineData("s3:https://host:443/shop.old/a b+c", "s3:https://host/shop.old/a b+c", "shop.old", "a b+c")]
    [InlineData("s3:[::1]:9000/shop/a", "s3:https://[::1]:9000/shop/a", "shop", "a")]
    public void A_location_is_read_as_restic_reads_it(string location, string shown, string bucket, string prefix)
    {
        var parsed = S3Location.Parse(location);
        Assert.True(S3Location.IsS3(location));
        Assert.Equal((shown, bucket, prefix), (parsed.ToString(), parsed.Bucket, parsed.Prefix));
        Assert.Equal(shown, S3Location.Parse(shown).ToString());
    }

    [Theory]
    [InlineData("s3:")]
    [InlineData("s3:host")]
    [InlineData("s3:host/")]
    [InlineData("s3:https://host")]
    [InlineData("s3:host/b")]
    [InlineData("s3:host/buc?ket/hunter2")]
    [InlineData("s3:host/shop/../hunter2")]
    [InlineData("s3:host/shop/a\nhunter2")]
    [InlineData("s3:https://key:hunter2@host/shop")]
    [InlineData("s3:key:hunter2@host/shop")]
    public void What_names_no_bucket_is_refused_and_not_repeated(string location)
    {
        var refused = Assert.Throws<ResticException>(() => S3Location.Parse(location));
        Assert.Equal(ResticError.Unsupported, refused.Error);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3:s3.amazonaws.com/shop/x", "us-east-1", "https://shop.s3.amazonaws.com/x/config")]
    [InlineData("s3:s3.amazonaws.com/shop/x", "eu-west-1", "https://shop.s3.eu-west-1.amazonaws.com/x/config")]
    [InlineData("s3:s3.eu-west-1.amazonaws.com/a.b", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/a.b/config")]
    [InlineData("s3:https://host:9000/shop/a b+c", "us-east-1", "https://host:9000/shop/a%20b%2Bc/config")]
    [InlineData("s3:host/shop/~ü$", "us-east-1", "https://host/shop/~%C3%BC%24/config")]
    public void A_bucket_is_part_of_the_hosts_name_where_its_store_knows_it_so(
        string location, string region, string url)
    {
        var parsed = S3Location.Parse(location);
        var key = parsed.Prefix.Length > 0 ? parsed.Prefix + "/config" : "config";
        Assert.Equal(url, new S3Endpoint(parsed, BucketLookup.Auto).UrlOf(key, region, []).AbsoluteUri);
    }

    [Theory]
    [InlineData("s3.amazonaws.com", null)]
    [InlineData("s3.eu-central-1.amazonaws.com", "eu-central-1")]
    [InlineData("s3-eu-west-1.amazonaws.com", "eu-west-1")]
    [InlineData("s3.dualstack.us-gov-west-1.amazonaws.com", "us-gov-west-1")]
    [InlineData("s3.cn-north-1.amazonaws.com.cn", "cn-north-1")]
    [InlineData("minio.example.net", null)]
    public void A_host_of_Amazon_names_its_region(string host, string? region) =>
        Assert.Equal(region, S3Endpoint.RegionOf(new Uri($"https://{host}/")));
}
