using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class ManifestCodecTests
{
    [Fact]
    public void A_manifest_is_written_as_people_read_it()
    {
        var text = Encoding.UTF8.GetString(ManifestCodec.Write(Sample()));
        Assert.Equal(
            """
            {
              "format": 1,
              "platform": "sample",
              "runId": "run-1",
              "mode": "online",
              "holdfastVersion": "0.1.0",
              "host": "db1",
              "started": "2026-11-22T21:04:05+00:00",
              "ended": "2026-11-22T21:05:05+00:00",
              "components": [
                {
                  "name": "postgres/main",
                  "kind": "postgres",
                  "path": "/postgres/main",
                  "complete": false,
                  "versions": {
                    "server": "15.4"
                  },
                  "counts": {
                    "databases": 2
                  },
                  "details": {
                    "databases": [
                      "app"
                    ]
                  }
                }
              ],
              "warnings": [
                {
                  "code": "HF-FILES-MISSING",
                  "message": "/etc/x is not there.",
                  "hint": "Correct the path, or mark it 'optional: true' when it may be absent.",
                  "exit": 3,
                  "transient": false,
                  "details": []
                }
              ]
            }

            """, text);
    }

    [Fact]
    public void What_was_written_is_read()
    {
        var written = ManifestCodec.Write(Sample());
        Assert.Equal(written, ManifestCodec.Write(ManifestCodec.Read(written, "abc")));
    }

    [Fact]
    public void Lists_that_are_absent_are_empty()
    {
        var manifest = ManifestCodec.Read("""{"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"1","host":"h","components":[{"name":"a","kind":"a","path":"/a"}]}"""u8, "abc");
        Assert.Empty(manifest.Warnings);
        Assert.Empty(manifest.Components[0].Counts);
        Assert.True(manifest.Components[0].Complete);
    }

    [Theory]
    [InlineData("""{"format":2,"everything":"else"}""", "HF-POINT-FORMAT")]
    [InlineData("""{"format":1}""", "HF-POINT-MANIFEST")]
    [InlineData("""{"format":"1"}""", "HF-POINT-MANIFEST")]
    [InlineData("""{}""", "HF-POINT-MANIFEST")]
    [InlineData("""[]""", "HF-POINT-MANIFEST")]
    [InlineData("""null""", "HF-POINT-MANIFEST")]
    [InlineData("""{"format":1,""", "HF-POINT-MANIFEST")]
    [InlineData("", "HF-POINT-MANIFEST")]
    public void What_is_no_manifest_of_ours_is_refused_with_the_point_named(string json, string code)
    {
        var problem = Assert.Throws<ProblemException>(() => ManifestCodec.Read(Encoding.UTF8.GetBytes(json), "abcd1234")).Problem;
        Assert.Equal(code, problem.Code);
        Assert.Contains("abcd1234", problem.Message, StringComparison.Ordinal);
    }

    private static Manifest Sample() => new()
    {
        Platform = "sample", RunId = "run-1", Mode = BackupMode.Online, HoldfastVersion = "0.1.0", Host = "db1",
        Started = new DateTimeOffset(2026, 11, 22, 21, 4, 5, TimeSpan.Zero), Ended = new DateTimeOffset(2026, 11, 22, 21, 5, 5, TimeSpan.Zero),
        Components =
        {
            new ComponentRecord
            {
                Name = "postgres/main", Kind = "postgres", Path = "/postgres/main", Complete = false, Versions = { ["server"] = "15.4" }, Counts = { ["databases"] = 2 },
                Details = new JsonObject { ["databases"] = new JsonArray("app") },
            },
        },
        Warnings = { Catalogue.FilesMissing.With("/etc/x is not there.") },
    };
}
