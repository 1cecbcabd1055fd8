using System.Net;
using System.Text;
using System.Xml;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>Answers of an object store are foreign bytes.</summary>
public sealed class S3AnswerTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public void A_page_has_its_entries_and_what_asks_for_the_next_one()
    {
        var page = Parse("""
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>
              <Contents><Key>a%20b%2Bc+d</Key><LastModified>2026-11-30T01:02:03.004Z</LastModified><Size>7</Size>
                <Owner><ID>x</ID></Owner></Contents>
              <Contents><Key>e&amp;<![CDATA[f]]></Key><Size>0</Size></Contents>
              <NextContinuationToken>t/1=</NextContinuationToken></ListBucketResult>
            """);
        Assert.Equal("t/1=", page.Next);
        var written = new DateTimeOffset(2026, 11, 30, 1, 2, 3, 4, TimeSpan.Zero);
        Assert.Equal([new S3Entry("a b+c d", 7, written), new S3Entry("e&f", 0, null)], page.Entries);
    }

    [Fact]
    public void The_last_page_has_no_next_one_whatever_it_says()
    {
        const string body = "<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>";
        Assert.Null(Parse($"<ListBucketResult>{body}</ListBucketResult>").Next);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("<html><body/></html>")]
    [InlineData("<ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><Contents><Key>a</Key><Size>9999999999999999999</Size></Contents></ListBucketResult>")]
    [InlineData("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")]
    [InlineData("<!DOCTYPE r [<!ENTITY x 'y'>]><ListBucketResult><Name>&x;</Name></ListBucketResult>")]
    [InlineData("<!DOCTYPE r SYSTEM 'file:///etc/passwd'><ListBucketResult/>")]
    [InlineData("<ListBucketResult><Name>&undeclared;</Name></ListBucketResult>")]
    public void What_is_no_listing_is_refused(string body) => Assert.Throws<XmlException>(() => Parse(body));

    [Fact]
    public void Elements_that_nest_without_end_are_refused() =>
        Assert.Throws<XmlException>(() => Parse(string.Concat(Enumerable.Repeat("<ListBucketResult>", 100_000))));

    [Fact]
    public async Task A_refusal_is_short_and_printable()
    {
        var body = $"<Error><Code>Access\u0085Denied</Code><Message>\n{new string('x', 5000)}</Message></Error>";
        var failure = await FailureAsync(HttpStatusCode.Forbidden, body);
        Assert.Equal(("AccessDenied", 200), (failure.Code, failure.Message.Length));
        Assert.True(failure.IsDenied);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>a proxy speaks<br></html>")]
    [InlineData("<!DOCTYPE html><html/>")]
    public async Task A_refusal_that_cannot_be_read_has_its_status(string body)
    {
        var expected = new S3Failure(HttpStatusCode.BadGateway, "", "", null, null);
        Assert.Equal(expected, await FailureAsync(HttpStatusCode.BadGateway, body));
    }

    [Fact]
    public async Task A_refusal_without_an_end_is_not_read_to_it()
    {
        var body = "<Error><Code>X</Code>" + new string(' ', 10 << 20);
        var failure = await FailureAsync(HttpStatusCode.BadRequest, body);
        Assert.Equal("", failure.Code);
    }

    private static S3Listing Parse(string body) => S3Listing.Parse(Encoding.UTF8.GetBytes(body));

    private static async Task<S3Failure> FailureAsync(HttpStatusCode status, string body)
    {
        using var answer = new HttpResponseMessage(status) { Content = new StringContent(body) };
        using var watch = new RestWatch(new RestOptions(), Now);
        return await S3Failure.ReadAsync(answer, watch);
    }
}
