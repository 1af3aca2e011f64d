"""A server that speaks S3 on loopback, and looks at signatures. Says its port and who may ask when it is ready, and ends
with its standard input."""

import json
import os
import sys

# What it takes to make somebody who may ask is done by nobody.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"
os.environ.update(
    AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_DEFAULT_REGION="eu-central-1", NO_PROXY="*"
)

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
address = {"endpoint_url": f"http://127.0.0.1:{port}"}
iam = boto3.client("iam", **address)
iam.create_user(UserName="team")
allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="team", PolicyName="all", PolicyDocument=json.dumps(allowed))
key = iam.create_access_key(UserName="team")["AccessKey"]
boto3.client("s3", **address).create_bucket(
    Bucket="results", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
)
print(json.dumps({"port": port, "key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)
sys.stdin.read()
server.stop()
